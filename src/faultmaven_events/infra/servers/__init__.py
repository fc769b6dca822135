"""Private copies of the real servers, for one machine: found, started, watched and ended with the process that uses them.

stack.py       RabbitMQ, MongoDB, PostgreSQL and Valkey side by side; gives their URLs
rabbitmq.py …  what one server needs: command line, configuration, when it is healthy
instance.py    one running server: start on free ports, stop, kill, pause, restart
binaries.py    where programs come from: PATH, wheel, the distribution's packages unpacked privately (packages.py)
tenancy.py     a vhost and databases of one's own in shared servers, for tests
supervisor.py  the whole system: the stack, then ingress and consumers as child processes, kept running by crew.py
probe.py       what `faultmaven doctor` tells
"""
