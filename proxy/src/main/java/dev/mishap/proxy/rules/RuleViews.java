package dev.mishap.proxy.rules;

import dev.mishap.rules.RuleSet;
import dev.mishap.rules.RuleStatus;
import io.netty.util.concurrent.Ticker;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** How rules look from outside: those of the store and those of the configuration. */
final class RuleViews {
    private final Ticker ticker;
    private final KillSwitch kill;
    private final RulePlaces places;

    RuleViews(Ticker ticker, KillSwitch kill, RulePlaces places) {
        this.ticker = ticker;
        this.kill = kill;
        this.places = places;
    }

    long millisUntil(long nanos) {
        return Math.max(0, TimeUnit.NANOSECONDS.toMillis(nanos - ticker.nanoTime()));
    }

    // ---- of the store ----

    /** @param set the rules in place */
    RuleView inPlace(StoredRule entry, RuleSet set) {
        return of(
                entry,
                true,
                entry.hasEnd() ? millisUntil(entry.endNanos()) : -1,
                entry.counts().of(set),
                set);
    }

    /** @param was the rules among which it was in place */
    RuleView ended(StoredRule entry, RuleStatus status, RuleSet was) {
        return of(entry, false, 0, status, was);
    }

    private RuleView of(StoredRule entry, boolean alive, long expiresInMillis, RuleStatus status, RuleSet set) {
        return new RuleView(
                entry.rule(),
                entry.own() ? RuleView.Origin.PROCESS : RuleView.Origin.API,
                null,
                alive && !kill.isOn(),
                alive && kill.isOn(),
                entry.lease() == null ? null : entry.lease().id,
                expiresInMillis,
                status,
                set.isDryRun(entry.rule().name()));
    }

    // ---- of the configuration ----

    /** All, by place. */
    List<RuleView> configured() {
        return places.configured().stream().map(this::of).toList();
    }

    /** Those of an experiment, or all for null. */
    List<RuleView> configured(@Nullable String experimentId) {
        return places.configured().stream()
                .filter(each ->
                        experimentId == null || experimentId.equals(each.rule().experimentId()))
                .map(this::of)
                .toList();
    }

    /** The one of that name; null when there is none. */
    @Nullable
    RuleView configuredAs(String name) {
        List<RulePlaces.Configured> configured = places.configured().stream()
                .filter(each -> each.rule().name().equals(name))
                .toList();
        if (configured.size() > 1) {
            throw RulesProblem.conflict(
                    "several places of the configuration have a rule of that name: GET /mishap/v1/rules shows them",
                    "metadata.name",
                    "'" + name + "' is in " + String.join(" and in ", placesOf(name)));
        }
        return configured.isEmpty() ? null : of(configured.get(0));
    }

    /** The places of the configuration that have a rule of that name. */
    List<String> placesOf(String name) {
        return places.configured().stream()
                .filter(each -> each.rule().name().equals(name))
                .map(RulePlaces.Configured::site)
                .distinct()
                .toList();
    }

    private RuleView of(RulePlaces.Configured each) {
        return new RuleView(
                each.rule(),
                RuleView.Origin.CONFIGURATION,
                each.site(),
                !kill.isOn(),
                kill.isOn(),
                null,
                each.leftNanos() == Long.MAX_VALUE ? -1 : Math.max(0, TimeUnit.NANOSECONDS.toMillis(each.leftNanos())),
                each.status(),
                each.dryRun());
    }
}
