"""The peers, in an image made from the app's: every process here is Django's."""

import django

django.setup()
