// Swagger is dark where the root has this class; the reader's system says whether it should be.
"use strict";

const dark = matchMedia("(prefers-color-scheme: dark)");
const darken = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", darken);
darken();
