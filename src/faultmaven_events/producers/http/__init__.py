"""The HTTP ingress: takes evidence, documents and questions in, and shows what became of them. It decides nothing about content."""
