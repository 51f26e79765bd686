"""`script/demo`: the whole loop on one machine, over real HTTP, told step by step.

Read story.py for what happens; platform.py starts and stops Ferry, devices.py are the simulated phones, screen.py
prints. The phone in the browser is examples/hosts/web.
"""
