package dev.mishap.proxy.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.rules.FaultRule;
import dev.mishap.rules.Limits;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.Scope;
import dev.mishap.rules.Tag;
import dev.mishap.rules.fault.Abort;
import dev.mishap.rules.schedule.Schedule;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Rules that the process was started with, beside those of the API. */
class OwnRulesTest {
    private final StoreFixture fixture = new StoreFixture();
    private final RuleStore store = fixture.store;

    private static FaultRule rule(String name, int status, @Nullable Duration ttl) {
        return new FaultRule(
                name,
                Map.of(),
                null,
                0,
                Scope.ANY,
                Percentage.FULL,
                Abort.http(status),
                Limits.NONE,
                Schedule.ALWAYS,
                ttl,
                null,
                Tag.NONE);
    }

    private List<String> names() {
        return store.active().rules().rules().stream().map(FaultRule::name).toList();
    }

    @Test
    void aRuleWithoutAnEndStays() {
        store.replaceOwn(List.of(rule("forever", 503, null), rule("short", 500, Duration.ofSeconds(2))));
        assertThat(names()).containsExactly("forever", "short");
        fixture.advanceMillis(2001);
        assertThat(names()).containsExactly("forever");
        fixture.advanceMillis(3_600_000_000L);
        assertThat(names()).containsExactly("forever");
    }

    @Test
    void aNewListReplacesTheOldOneButNotTheApisRules() {
        fixture.put(rule("api", 500, null));
        store.replaceOwn(List.of(rule("a", 503, null), rule("b", 503, null)));
        store.replaceOwn(List.of(rule("b", 504, null)));
        assertThat(names()).containsExactly("api", "b");
        assertThat(store.active().rules().rules().get(1).fault()).isEqualTo(Abort.http(504));
        store.replaceOwn(List.of());
        assertThat(names()).containsExactly("api");
    }

    @Test
    void theApiCantTakeAnOwnRulesNameButCanEndAll() {
        store.replaceOwn(List.of(rule("mine", 503, null)));
        assertThatThrownBy(() -> fixture.put(rule("mine", 500, null)))
                .isInstanceOf(RulesProblem.class)
                .hasMessageContaining("started with");
        store.deleteRules(null, true);
        assertThat(names()).isEmpty();
    }
}
