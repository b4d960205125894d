mod columns;
mod optimum;
mod refusals;
mod runs;
mod tables;
