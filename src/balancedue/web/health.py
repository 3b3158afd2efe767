"""Alive, able to serve, and figures for Prometheus."""

from datetime import timedelta

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from balancedue.models import Delivery, Heartbeat, PaymentAttempt, ProcessorEvent, guards_sql
from balancedue.rules.states import ACTIVE_ATTEMPT

WORKER_SEEN_WITHIN = timedelta(minutes=2)


def alive(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


def ready(request: HttpRequest) -> HttpResponse:
    """Database reachable, migrations applied, guards in place, a worker seen lately; 503 and the reasons otherwise."""
    checks = _checks()
    answer = JsonResponse(checks, status=200 if all(checks.values()) else 503)
    answer._has_been_logged = True  # type: ignore[attr-defined]  # who asks is told; the log need not be, each time
    return answer


def metrics(request: HttpRequest) -> HttpResponse:
    """What waits, in numbers. No amounts, no names."""
    registry = CollectorRegistry()
    for name, words, number in (
        ("deliveries_waiting", "Messages not sent yet", Delivery.objects.filter(status__in=["waiting", "sending"])),
        ("deliveries_failed", "Messages given up", Delivery.objects.filter(status="failed")),
        ("attempts_active", "Card payments under way", PaymentAttempt.objects.filter(state__in=ACTIVE_ATTEMPT)),
        ("attempts_unknown", "Card payments not heard of", PaymentAttempt.objects.filter(state="unknown")),
        (
            "attempts_put_aside",
            "Card payments that wait for a person",
            PaymentAttempt.objects.filter(state="put_aside", resolved_at=None),
        ),
        ("webhooks_waiting", "Webhooks not looked into yet", ProcessorEvent.objects.filter(status="new")),
        ("webhooks_parked", "Webhooks nothing could be done with", ProcessorEvent.objects.filter(status="parked")),
    ):
        Gauge(f"balancedue_{name}", words, registry=registry).set(number.count())
    Gauge("balancedue_worker_seen", "A worker was seen lately", registry=registry).set(_worker_seen())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _checks() -> dict[str, bool]:
    try:
        executor = MigrationExecutor(connection)
        return {
            "database": True,
            "migrations": not executor.migration_plan(executor.loader.graph.leaf_nodes()),
            "guards": guards_sql.present(connection) == guards_sql.expected(connection),
            "worker": _worker_seen(),
        }
    except DatabaseError:
        return {"database": False}


def _worker_seen() -> bool:
    return Heartbeat.objects.filter(at__gt=timezone.now() - WORKER_SEEN_WITHIN).exists()
