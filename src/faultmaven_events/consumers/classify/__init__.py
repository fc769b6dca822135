"""The classify room: what is it, is it readable, and what text is in it.

classify.py  bytes and a name in, a `Classification` out; the detectors are tables in the modules named after what they find
learned.py   a trained model, asked where no rule is sure
extract.py   documents and packed files in, text out
archives/    an archive in, its files out
children.py  the events that begin an archive's files
images.py    a picture in, a line about it out
intent.py    what a question asks for
consumer.py  the thin shell around them
"""
