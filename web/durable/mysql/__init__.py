"""Django's MySQL backend, without a question to the server before each request."""
