"""The archive room: zip, tar and what they are packed in, flattened into the files inside. Nothing is ever written to a disk by its name.

stream.py     pieces of bytes read in exact portions; packed ones unpacked on the way, within limits
tar.py        a tar archive's members, in one pass
zips.py       a zip archive's members, by its directory; salvage.py those of one that is cut off
member.py     what both give, and what ends a member early
label.py      a member's path as a name, or why it is no name
walk.py       all files of an archive and of the archives inside it, one after the other; what is not taken, and why
limits.py     how much of everything
store.py      the thin shell: runs in a worker, files into the raw area, a manifest back
"""
