"""The work as an app of a Django project: a table, and what is done to its rows."""
