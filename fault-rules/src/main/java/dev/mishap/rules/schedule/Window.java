package dev.mishap.rules.schedule;

import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.List;

/**
 * A stretch of the day on some days of the week.
 *
 * @param days the days on which it begins; empty = every day
 * @param from inclusive
 * @param to exclusive; earlier than {@code from} means that the window ends on the next day; equal = the whole day
 * @param zone whose wall clock is meant; default UTC
 */
public record Window(List<DayOfWeek> days, LocalTime from, LocalTime to, ZoneId zone) {
    public Window {
        days = days.stream().distinct().sorted().toList();
    }

    boolean contains(Instant now) {
        ZonedDateTime local = now.atZone(zone);
        LocalTime time = local.toLocalTime();
        DayOfWeek today = local.getDayOfWeek();
        if (from.isBefore(to)) {
            return onDay(today) && !time.isBefore(from) && time.isBefore(to);
        }
        return onDay(today) && !time.isBefore(from) || onDay(today.minus(1)) && time.isBefore(to);
    }

    private boolean onDay(DayOfWeek day) {
        return days.isEmpty() || days.contains(day);
    }
}
