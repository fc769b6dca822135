"""Rules of good practice that need the structure of a file: nginx (`nginx/`) and Kubernetes (`kubernetes/`).

The rules are data: the TOML files beside the code, fields in `rule.py`. Each names the rules of gixy, polaris or checkov that ask the same.
"""
