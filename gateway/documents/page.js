"use strict";

// Swagger UI knows dark colours by a class, not by the reader's choice.
const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
paint();
dark.addEventListener("change", paint);

SwaggerUIBundle({
  url: "/docs/openapi.json",
  dom_id: "#operations",
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  // Asked of nobody else: the document is checked by our own tests.
  validatorUrl: null,
});
