"""The page of a run: what it shows as JSON (runs, problems, trees, traces, responses), one file of it, and its server.

The page itself is in web/; assets/ holds its build.
"""
