from durable.settings import *
from durable.settings import INSTALLED_APPS

INSTALLED_APPS = ["bench.rivals.setups.abacus", *INSTALLED_APPS]
