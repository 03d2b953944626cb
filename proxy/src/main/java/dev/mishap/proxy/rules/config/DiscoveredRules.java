package dev.mishap.proxy.rules.config;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.xds.DiscoveredExtension;
import dev.mishap.proxy.xds.ExtensionConfigs;
import dev.mishap.proxy.xds.Lifecycle;
import dev.mishap.rules.FaultRule;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Rules that come by an extension configuration (ECDS), a {@code mishap.rules.v1.RuleSet}, beside those that stand where they act.
 * Confined to the main loop.
 */
public final class DiscoveredRules implements DiscoveredExtension {
    private static final String SET = RuleConfig.PACKAGE + "RuleSet";

    /** The messages that are read. */
    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(RuleConfig.PACKAGE + "DiscoveredRules").supported("name", "config_source"),
            SupportedFields.of(SET).supported("rules"));

    private final List<FaultRule> standing;
    private final Function<ConfigNode, List<FaultRule>> reader;
    private final Consumer<List<FaultRule>> to;
    private boolean present;

    private DiscoveredRules(
            List<FaultRule> standing, Function<ConfigNode, List<FaultRule>> reader, Consumer<List<FaultRule>> to) {
        this.standing = standing;
        this.reader = reader;
        this.to = to;
    }

    /**
     * Subscribes.
     *
     * @param kind of place, as stats name it
     * @param discovered {@code mishap.rules.v1.DiscoveredRules}
     * @param standing rules that are in place whatever comes
     * @param reader of the field {@code rules} of a set
     * @param to is told of all rules, the standing ones first, whenever others have come
     */
    public static void follow(
            String kind,
            ConfigNode discovered,
            List<FaultRule> standing,
            Function<ConfigNode, List<FaultRule>> reader,
            Consumer<List<FaultRule>> to,
            ExtensionConfigs configs,
            Lifecycle life) {
        configs.add(
                kind,
                discovered.string("name"),
                discovered.required("config_source"),
                false,
                new DiscoveredRules(standing, reader, to),
                life);
    }

    @Override
    public Runnable prepare(ConfigNode config) {
        if (!config.messageName().equals(SET)) {
            throw new ConfigException(
                    "Error: filter config has type URL " + config.messageName() + " but expect " + SET + ".");
        }
        List<FaultRule> all = new ArrayList<>(standing);
        all.addAll(reader.apply(config));
        Set<String> names = new HashSet<>();
        for (FaultRule rule : all) {
            if (!names.add(rule.name())) {
                throw config.error(
                        "rules", "'" + rule.name() + "' is the name of a rule that stands in the configuration");
            }
        }
        return () -> {
            present = true;
            to.accept(List.copyOf(all));
        };
    }

    @Override
    public void absent() {
        present = false;
        to.accept(standing);
    }

    @Override
    public void absentAtFirst() {
        if (!present) {
            absent();
        }
    }
}
