"""Settings from the environment, read by typed readers that fail loudly."""

from environs import Env

env = Env()
