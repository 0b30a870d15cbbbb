"""What clients of an API share: requests, answers, repeats within a quota, credentials, errors.

Nothing in here knows which API it is: `service` holds what is particular to one.
"""
