"""Servers, pages, terminals and embedders that tests run against."""
