"""What can be asked for in the browser: the form of a job, the plan that comes of it, and what is done."""
