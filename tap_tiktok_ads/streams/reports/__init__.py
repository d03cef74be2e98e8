"""Reports: dimensions and metrics of `/report/integrated/get/` and of the material endpoints."""
