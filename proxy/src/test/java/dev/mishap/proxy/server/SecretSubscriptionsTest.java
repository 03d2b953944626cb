package dev.mishap.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.transport.SecretDelivery;
import dev.mishap.proxy.xds.ConfigSources;
import dev.mishap.proxy.xds.InitManager;
import dev.mishap.proxy.xds.Lifecycle;
import dev.mishap.proxy.xds.Subscription;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SecretSubscriptionsTest {
    private final List<String> log = new ArrayList<>();

    private final ConfigSources sources = (source, type, stats, watcher) -> new Subscription() {
        @Override
        public void start(Set<String> names) {
            log.add("start " + names);
        }

        @Override
        public void names(Set<String> names) {}

        @Override
        public void close() {
            log.add("close");
        }
    };

    private static Lifecycle life() {
        return new Lifecycle(new InitManager("test"));
    }

    /** Listeners come and go: what they wanted must not be followed for ever. */
    @Test
    void a_secret_is_followed_as_long_as_anybody_uses_it() {
        SecretSubscriptions secrets = new SecretSubscriptions(() -> sources, new StatsStore(), Runnable::run);
        ConfigNode source = ConfigReader.checkedYaml("envoy.config.core.v3.ConfigSource", "ads: {}");
        Lifecycle first = life();
        Lifecycle second = life();
        for (Lifecycle life : List.of(first, second)) {
            secrets.subscribe(source, "pair", new SecretDelivery.Owner(life), secret -> log.add("taken"));
            life.init().initialize(() -> {});
        }
        assertThat(log).containsExactly("start [pair]");
        first.end();
        assertThat(secrets.views()).hasSize(1);
        assertThat(log).doesNotContain("close");
        second.end();
        assertThat(secrets.views()).isEmpty();
        assertThat(log).containsExactly("start [pair]", "close");
        Lifecycle third = life();
        secrets.subscribe(source, "pair", new SecretDelivery.Owner(third), secret -> log.add("taken"));
        third.init().initialize(() -> {});
        assertThat(log).containsExactly("start [pair]", "close", "start [pair]");
    }
}
