"""Records of costs, budget changes, balances and invoices of Business Centers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.pseudorandom import mix, pick

if TYPE_CHECKING:
    from tap_tiktok_ads.simulator.accounts.business_centers import BusinessCenter, Transaction
    from tap_tiktok_ads.simulator.accounts.entities import Account

    from .values import Record

BUDGET_MODES = ("UNLIMITED", "MONTHLY_BUDGET", "DAILY_BUDGET", "CUSTOM_BUDGET")
ACTIVITY_TYPES = (
    "RESET",
    "BUDGET_MODE_UPDATE",
    "INCREASE_BUDGET",
    "DECREASE_BUDGET",
    "REMOVE_BUDGET",
)
INVOICE_TYPES = ("RECON", "CREDIT", "AUTO_PAY")
PAY_STATUSES = ("UNPAID", "PAID", "PARTIAL_PAID", "NO_NEED")


def costs(account: Account, days: range) -> Record:
    """Return the costs of an ad account over some days, which are ordinals."""
    cents = sum(mix(account.key, 83, day) % 10**6 for day in days)
    return {
        "advertiser_id": account.id,
        "advertiser_name": account.name,
        "amount": cents / 100,
        "cash_amount": (cents - cents // 4) / 100,
        "grant_amount": cents // 4 / 100,
        "tax_amount": cents // 10 / 100,
        "currency": account.currency,
    }


def budget_change(account: Account, transaction: Transaction) -> Record:
    """Return a budget change at the time of a transaction."""
    return {
        "operation_time": transaction.time,
        "activity_type": pick(ACTIVITY_TYPES, transaction.key),
        "previous_budget": transaction.cents / 100,
        "previous_budget_mode": pick(BUDGET_MODES, transaction.key),
        "current_budget": transaction.cents / 50,
        "current_budget_mode": pick(BUDGET_MODES, transaction.key + 1),
        "currency": account.currency,
        "operator_id": str(transaction.key),
        "operator_name": "Jörg “Ops”",
    }


def center_balance(center: BusinessCenter) -> Record:
    """Return the balance of a Business Center as in `/bc/balance/get/`."""
    cash, grant = center.key % 10**6 / 100, center.key % 7 * 10.5
    return {
        "bc_id": center.id,
        "currency": "USD",
        "account_balance": cash + grant,
        "valid_account_balance": cash + grant,
        "frozen_balance": 0,
        "tax": 0.5,
        "cash_balance": cash,
        "valid_cash_balance": cash,
        "grant_balance": grant,
        "valid_grant_balance": grant,
    }


def invoice(center: BusinessCenter, transaction: Transaction) -> Record:
    """Return the invoice of a transaction of a Business Center."""
    tax = transaction.cents // 10
    number = transaction.key % 10**9
    is_credit = invoice_type(transaction) == "CREDIT"
    related = [{"invoice_id": str(number + 1), "serial_number": f"TT{number + 1}"}]
    return {
        "invoice_id": str(number),
        "serial_number": f"TT{number}",
        "subject_id": transaction.key % 100,
        "send_date": transaction.time,
        "due_date": transaction.time[:10],
        "currency_code": "USD",
        "status": "APPROVED",
        "invoice_type": invoice_type(transaction),
        "entity_serials": [f"S{number}"],
        "negative_invoice_ids": [] if is_credit else related,
        "positive_invoice_ids": related if is_credit else [],
        "billing_group_id": None,
        "account_name": center.name,
        "invoice_title": center.name,
        "country_code": "US",
        "address": "1 Main Street",
        "emails": ["billing@example.com"],
        "tax_id1": "12-345",
        "tax_id2": None,
        "amount": transaction.cents / 100,
        "amount_excluding_tax": (transaction.cents - tax) / 100,
        "total_tax_amount": tax / 100,
        "tax_type1": "VAT",
        "tax_rate1": 0.1,
        "tax_amount1": tax / 100,
        "tax_type2": None,
        "tax_rate2": None,
        "tax_amount2": None,
        "pay_status": pick(PAY_STATUSES, transaction.key),
        "overdue_status": "NO",
        "unpaid_amount": 0,
    }


def invoice_type(transaction: Transaction) -> str:
    """Return the type of the invoice of a transaction."""
    return pick(INVOICE_TYPES, transaction.key)
