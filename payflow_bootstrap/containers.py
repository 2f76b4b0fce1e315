"""Putting the pieces together: the only place that knows which adapter serves which port."""

import random
from datetime import timedelta

from dependency_injector import containers, providers

from payflow_adapters.bounded_audit_log import BoundedAuditLog
from payflow_adapters.bounded_security_log import BoundedSecurityLog
from payflow_adapters.clock import SystemClock
from payflow_adapters.currencies import iso_currencies
from payflow_adapters.encoding import encode_json
from payflow_adapters.gateways.chosen import Gateways
from payflow_adapters.ids import UuidSource
from payflow_adapters.passwords import Argon2Hasher
from payflow_adapters.postgres.bell import Bell
from payflow_adapters.postgres.connection import connect
from payflow_adapters.postgres.figures import PostgresFigures
from payflow_adapters.postgres.loop_writer import LoopWriter
from payflow_adapters.postgres.store import PostgresStore
from payflow_adapters.secret_source import SystemSecrets
from payflow_adapters.webhooks.guard import AddressGuard
from payflow_adapters.webhooks.sender import Sender
from payflow_bootstrap.gateways import make_gateways
from payflow_bootstrap.settings import Settings
from payflow_domain.access.key_service import ApiKeys
from payflow_domain.access.limit_service import Limits
from payflow_domain.access.limits import DEFAULT_LIMITS
from payflow_domain.access.operator_service import Operators
from payflow_domain.access.refusals import Refusals
from payflow_domain.access.service import Access
from payflow_domain.access.staff import Staff
from payflow_domain.access.usage_service import Usage
from payflow_domain.ledger.purging import KeyPurger
from payflow_domain.ledger.service import Ledgers
from payflow_domain.ledger.volumes import VolumeRoller
from payflow_domain.oversight.service import Oversight
from payflow_domain.partners.certifying import Certifications
from payflow_domain.partners.metering import Metering
from payflow_domain.partners.onboarding import Onboarding
from payflow_domain.partners.service import Partners
from payflow_domain.payments.desk import Desk
from payflow_domain.payments.model import ANSWER_TIMEOUT
from payflow_domain.payments.notices import Notices
from payflow_domain.payments.reconciling import Reconciler
from payflow_domain.payments.resolving import Resolver
from payflow_domain.payments.service import Payments
from payflow_domain.wallets.history import History
from payflow_domain.wallets.service import Wallets
from payflow_domain.webhooks.delivery_service import Deliveries
from payflow_domain.webhooks.desk import EndpointDesk
from payflow_domain.webhooks.dispatch import ATTEMPT_MAX, Dispatcher
from payflow_domain.webhooks.service import Webhooks
from payflow_http.answers import render_payment_for
from payflow_http.services import Services


class Core(containers.DeclarativeContainer):
    """The use cases on one database."""

    database_url = providers.Dependency(instance_of=str)
    default_limits = providers.Dependency(instance_of=dict, default=dict(DEFAULT_LIMITS))
    gateways = providers.Dependency(instance_of=Gateways, default=Gateways(sandbox=None, live=None))
    descriptor = providers.Dependency(instance_of=str, default="PAYFLOW")
    loopback_open = providers.Dependency(instance_of=bool, default=False)
    attempt_seconds = providers.Dependency(
        instance_of=int, default=int(ATTEMPT_MAX.total_seconds())
    )
    answer_timeout = providers.Dependency(instance_of=timedelta, default=ANSWER_TIMEOUT)

    clock = providers.Singleton(SystemClock)
    ids = providers.Singleton(UuidSource)
    secrets = providers.Singleton(SystemSecrets)
    encode = providers.Object(encode_json)
    currencies = providers.Singleton(iso_currencies)
    database = providers.Singleton(connect, database_url)
    bell = providers.Singleton(Bell, database_url)
    store = providers.Singleton(PostgresStore, database=database, clock=clock, bell=bell)

    ledgers = providers.Singleton(
        Ledgers, begin=store.provided.begin, reader=store, clock=clock, ids=ids, encode=encode
    )
    history = providers.Singleton(History, ledgers=ledgers)
    wallets = providers.Singleton(
        Wallets,
        begin=store.provided.begin,
        reader=store,
        clock=clock,
        ids=ids,
        encode=encode,
        currencies=currencies,
    )
    access = providers.Singleton(
        Access, begin=store.provided.begin, reader=store, clock=clock, ids=ids, secrets=secrets
    )
    hasher = providers.Singleton(Argon2Hasher)
    audit_log = providers.Singleton(BoundedAuditLog, store.provided.begin)
    refusals = providers.Singleton(Refusals, log=audit_log, clock=clock)
    staff = providers.Singleton(
        Staff,
        begin=store.provided.begin,
        reader=store,
        hasher=hasher,
        refusals=refusals,
        secrets=secrets,
        clock=clock,
    )
    operators = providers.Singleton(
        Operators, begin=store.provided.begin, reader=store, hasher=hasher, clock=clock, ids=ids
    )
    limits = providers.Singleton(Limits, store=store)
    volume_roller = providers.Singleton(VolumeRoller, begin=store.provided.begin, reader=store)
    key_purger = providers.Singleton(KeyPurger, begin=store.provided.begin, clock=clock)
    usage = providers.Singleton(Usage, store=store, clock=clock)
    metering = providers.Singleton(
        Metering,
        begin=store.provided.begin,
        reader=store,
        usage=usage,
        clock=clock,
        defaults=default_limits,
    )
    partners = providers.Singleton(
        Partners, begin=store.provided.begin, reader=store, clock=clock, ids=ids
    )
    api_keys = providers.Singleton(
        ApiKeys, begin=store.provided.begin, reader=store, clock=clock, ids=ids, secrets=secrets
    )
    certifications = providers.Singleton(
        Certifications, begin=store.provided.begin, reader=store, clock=clock
    )
    onboarding = providers.Singleton(
        Onboarding,
        begin=store.provided.begin,
        reader=store,
        certifications=certifications,
        clock=clock,
        ids=ids,
        currencies=currencies,
    )
    loop_writer = providers.Singleton(LoopWriter, url=database_url, clock=clock, bell=bell)
    new_loop_writer = providers.Factory(LoopWriter, url=database_url, clock=clock, bell=bell)
    loop_ledgers = providers.Singleton(
        Ledgers, begin=loop_writer.provided.begin, reader=store, clock=clock, ids=ids, encode=encode
    )
    desk = providers.Singleton(Desk, begin=store.provided.begin, ledgers=ledgers, clock=clock)
    render_for = providers.Object(render_payment_for)
    payments = providers.Singleton(
        Payments,
        desk=desk,
        reader=store,
        gateway_of=gateways,
        clock=clock,
        descriptor=descriptor,
        answer_timeout=answer_timeout,
    )
    security = providers.Singleton(BoundedSecurityLog, store)
    notices = providers.Singleton(
        Notices,
        begin=store.provided.begin,
        reader=store,
        desk=desk,
        gateway_of=gateways,
        security=security,
        clock=clock,
        render_for=render_for,
    )
    figures = providers.Singleton(PostgresFigures, database=database)
    oversight = providers.Singleton(
        Oversight,
        begin=store.provided.begin,
        notices=notices,
        security=security,
        figures=figures,
        clock=clock,
    )
    resolver = providers.Singleton(
        Resolver,
        begin=store.provided.begin,
        desk=desk,
        gateway_of=gateways,
        clock=clock,
        render_for=render_for,
    )
    reconciler = providers.Singleton(
        Reconciler, reader=store, desk=desk, gateway_of=gateways, clock=clock
    )
    guard = providers.Singleton(AddressGuard, loopback_open)
    endpoint_desk = providers.Singleton(
        EndpointDesk, begin=store.provided.begin, reader=store, clock=clock
    )
    webhooks = providers.Singleton(
        Webhooks, desk=endpoint_desk, guard=guard, ids=ids, secrets=secrets
    )
    deliveries = providers.Singleton(Deliveries, desk=endpoint_desk, ids=ids, encode=encode)
    sender = providers.Singleton(Sender, clock=clock, guard=guard, attempt_s_max=attempt_seconds)
    dispatcher = providers.Factory(
        Dispatcher,
        begin=store.provided.begin,
        clock=clock,
        ids=ids,
        encode=encode,
        luck=providers.Object(random.random),
        attempt_max=providers.Factory(timedelta, seconds=attempt_seconds),
    )
    services = providers.Singleton(
        Services,
        ledgers=loop_ledgers,
        run_commits=loop_writer.provided.run,
        wallets=wallets,
        history=history,
        access=access,
        api_keys=api_keys,
        onboarding=onboarding,
        certifications=certifications,
        payments=payments,
        notices=notices,
        webhooks=webhooks,
        deliveries=deliveries,
        staff=staff,
        oversight=oversight,
        limits=limits,
        usage=usage,
        metering=metering,
        ready=store.provided.is_ready,
    )


def make_core(settings: Settings) -> Core:
    """Put the use cases together as ``settings`` ask for."""
    return Core(
        database_url=settings.database_url,
        default_limits=dict(settings.limits),
        gateways=make_gateways(settings, SystemClock()),
        descriptor=settings.statement_descriptor,
        answer_timeout=timedelta(seconds=settings.gateway_answer_seconds),
        loopback_open=settings.webhook_loopback,
        attempt_seconds=settings.webhook_attempt_seconds,
    )
