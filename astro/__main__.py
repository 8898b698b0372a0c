"""`python -m astro` is the command astro; accelerate launches it so in every process."""

from astro.cli import main

main()
