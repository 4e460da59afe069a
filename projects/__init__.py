"""What everything hangs on: projects, memberships, jobs, events, stored files."""
