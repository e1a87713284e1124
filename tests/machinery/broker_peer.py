"""One producer or consumer of the embedded broker, run by tests as a process of its own.

produce FOLDER FIRST COUNT   publishes the numbers FIRST .. FIRST+COUNT-1
consume FOLDER               prints each number that it received and acknowledged, until it is told to stop
hold FOLDER                  takes three messages, acknowledges none, says "holding" and waits
"""

import sys
import time
from pathlib import Path

from kombu import Connection, Consumer, Exchange, Message, Queue

from dashboard.broker import broker_url

QUEUE = Queue("numbers", Exchange("numbers", type="direct"), routing_key="numbers")


def produce(connection: Connection, first: int, count: int) -> None:
    with connection.Producer() as producer:
        for number in range(first, first + count):
            producer.publish(number, exchange=QUEUE.exchange, routing_key="numbers", declare=[QUEUE])


def consume(connection: Connection) -> None:
    def on_message(message: Message) -> None:
        print(message.payload, flush=True)  # noqa: T201
        message.ack()

    with Consumer(connection, [QUEUE], on_message=on_message, prefetch_count=1):
        while True:
            connection.drain_events()


def hold(connection: Connection) -> None:
    messages: list[Message] = []
    with Consumer(connection, [QUEUE], on_message=messages.append, prefetch_count=3):
        while len(messages) < 3:
            connection.drain_events()
        print("holding", flush=True)  # noqa: T201
        time.sleep(60)


if __name__ == "__main__":
    role, folder, *numbers = sys.argv[1:]
    with Connection(broker_url(Path(folder)), transport_options={"polling_interval": 0.02}) as broker:
        {"produce": produce, "consume": consume, "hold": hold}[role](broker, *map(int, numbers))
