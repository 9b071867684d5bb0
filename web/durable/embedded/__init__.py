"""Everything on one machine, without Docker: Redis, web and worker under one process (manage.py embedded)."""
