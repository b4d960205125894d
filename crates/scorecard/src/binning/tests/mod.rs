mod columns;
mod optimum;
mod tables;
