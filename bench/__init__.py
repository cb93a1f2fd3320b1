"""Benchmarks beside peers. Each module has `rows()`; `python -m bench` collects them."""
