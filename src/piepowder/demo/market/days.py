"""When something happened: business days before now, so that no history is of a Sunday and none of tomorrow."""

from datetime import UTC, date, datetime, time, timedelta


class Days:
    """The past, as it is seen from `now`."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def ago(self, business_days: int, clock: str = "10:15") -> datetime:
        """A time of day (UTC) so many business days before today; at least one, so that it is over."""
        if business_days < 1:
            raise ValueError("today is not over: see `hours_ago`")
        day = self.now.date()
        while business_days:
            day -= timedelta(days=1)
            business_days -= day.weekday() < 5
        return datetime.combine(day, time.fromisoformat(clock), tzinfo=UTC)

    def hours_ago(self, hours: float) -> datetime:
        return self.now - timedelta(hours=hours)

    def calendar(self, days: int, clock: str = "09:40") -> datetime:
        """A time of day so many calendar days ago, whatever day of the week that was."""
        return datetime.combine(self.now.date() - timedelta(days=days), time.fromisoformat(clock), tzinfo=UTC)

    def date(self, days: int, *, before: datetime) -> date:
        """The day so many calendar days before a moment."""
        return (before - timedelta(days=days)).date()
