"""The engines that every integration test stands on."""

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.support.engines import drop_database, embedded_broker, embedded_postgres, new_database


async def test_postgres_starts_empty_and_gives_databases() -> None:
    with embedded_postgres() as server:
        url = await new_database(server)
        connection = await asyncpg.connect(url)
        version = await connection.fetchval("show server_version")
        encoding = await connection.fetchval("show server_encoding")
        await connection.close()
        await drop_database(url)

    assert version.startswith("18")
    assert encoding == "UTF8"


async def test_the_broker_carries_a_record() -> None:
    with embedded_broker() as servers:
        admin = AIOKafkaAdminClient(bootstrap_servers=servers)
        await admin.start()
        await admin.create_topics([NewTopic("t", 1, 1)])
        await admin.close()
        producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all")
        await producer.start()
        await producer.send_and_wait("t", b"hello", key=b"k")
        await producer.stop()
        consumer = AIOKafkaConsumer(
            "t", bootstrap_servers=servers, auto_offset_reset="earliest", fetch_max_wait_ms=20
        )
        await consumer.start()
        record = await consumer.getone()
        await consumer.stop()

    assert record.value == b"hello"
