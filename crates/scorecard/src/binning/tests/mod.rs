mod columns;
mod optimum;
