"""Engines: where workers run. Here, in processes (``local``), or on many machines (``ray``).

``contract`` says what an engine has to do; ``crew`` decides for all of them.
"""
