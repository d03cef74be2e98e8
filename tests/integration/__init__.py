"""Loads into real targets, by Meltano and with dbt (`make integration`)."""
