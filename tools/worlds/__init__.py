"""In which problems going back pays: Direct and ASTRO trained on synthetic traces, whatever the task."""
