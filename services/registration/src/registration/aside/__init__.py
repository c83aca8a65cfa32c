"""Items that a job fails for: excluded for a while, counted and reported, so that the job continues."""
