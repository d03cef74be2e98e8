"""Tests that load real targets, run Meltano and build the dbt project (`make integration`)."""
