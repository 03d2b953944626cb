package dev.mishap.proxy.filter.network.mishap;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.network.GateFilterExtension;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.filter.network.TerminalFilterFactory;
import dev.mishap.proxy.rules.ActiveRules;
import dev.mishap.proxy.rules.KillSwitch;
import dev.mishap.proxy.rules.PlacedRules;
import dev.mishap.proxy.rules.RulePlaces;
import dev.mishap.proxy.rules.RuleSource;
import dev.mishap.proxy.rules.RuleStore;
import dev.mishap.proxy.rules.config.RuleConfig;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.xds.Lifecycle;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.fault.Fault;
import io.netty.channel.Channel;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code mishap.filters.network.fault}: faults of the connections of one filter chain. */
public final class NetworkFaultExtension implements GateFilterExtension {
    private static final String TYPE = "mishap.filters.network.fault.v1.NetworkFault";

    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS =
            List.of(SupportedFields.of(TYPE).supported("rules"));

    @Override
    public String name() {
        return "mishap.filters.network.fault";
    }

    @Override
    public String typeUrl() {
        return TYPE;
    }

    @Override
    public Gate gate(NetworkFilterContext context) {
        RulesGate gate = new RulesGate(
                context.service(RuleStore.class).places(),
                context.service(ConnectionFaults.class),
                context.listenerName());
        context.service(Lifecycle.class).onEnd(gate::clear);
        return gate;
    }

    /** The rules of now, and who executes them. */
    private static final class RulesGate implements Gate, RuleSource {
        private final RulePlaces places;
        private final ConnectionFaults faults;
        private final String listener;
        private volatile @Nullable PlacedRules rules;

        RulesGate(RulePlaces places, ConnectionFaults process, String listener) {
            this.places = places;
            this.faults = process.of(this);
            this.listener = listener;
        }

        @Override
        public Runnable prepare(String filterName, ConfigNode config) {
            List<FaultRule> read = RuleConfig.listFrom(
                    config,
                    "rules",
                    "a network filter",
                    rule -> rule.fault().kind().plane() == Fault.Plane.CONNECTION && !rule.isUpstream(),
                    "mishap.filters.http.fault or mishap.clusters.fault");
            PlacedRules placed = places.replace("filter '" + filterName + "' of listener '" + listener + "'", read);
            return () -> put(placed);
        }

        private void put(@Nullable PlacedRules placed) {
            PlacedRules before = rules;
            if (before != placed) {
                if (placed != null) {
                    placed.enter();
                }
                rules = placed;
                if (before != null) {
                    before.leave();
                }
                places.changed();
            }
        }

        @Override
        public void clear() {
            put(null);
        }

        @Override
        public ActiveRules active() {
            PlacedRules now = rules;
            return now == null ? ActiveRules.NONE : now.active();
        }

        @Override
        public long nanoTime() {
            return places.nanoTime();
        }

        @Override
        public KillSwitch killSwitch() {
            return places.killSwitch();
        }

        @Override
        public boolean isIdle() {
            return faults.isIdle();
        }

        @Override
        public void admit(
                Channel channel, ConnectionInfo info, String name, TerminalFilterFactory terminal, Runnable proceed) {
            faults.admit(channel, info, name, terminal, proceed);
        }

        @Override
        public void reconsider(Channel channel, ConnectionInfo info, String name, TerminalFilterFactory terminal) {
            faults.reconsider(channel, info, name, terminal);
        }
    }
}
