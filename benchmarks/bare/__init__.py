"""The least that a full-stack Django application needs to hand out tasks and take answers: what ours is held against.

Sessions in the database, sign-in, CSRF, the ORM, one transaction a request, SKIP LOCKED; no template, no history, no
leases, no rules.
"""
