"""A market to look around in: developers, their apps, sellers who use them, reviewers with work. All of it made up.

    days.py      when something happened: business days before now
    stalls.py    who is there, and with which apps: values only
    answers.py   what they answered in the assessment: values only
    papers.py    their documents, which say that they are made up
    pictures.py  their screenshots, which say it as well
    journey.py   one developer's way, from signing up to the store
    queues.py    what waits for reviewers
    shops.py     sellers authorise, rate, pay
    audits.py    audits at different steps
    traffic.py   the apps make calls, through the gateway
    build.py     the acts in their order

Everything is done by the rooms' own actions, with the time at which it is said to have happened. Each act is one transaction, and
one that was done is not done again.
"""
