"""Options that several commands have, and what hands a command its lab."""

import click

from curvegan.lab import Lab

pass_lab = click.make_pass_decorator(Lab)
