package dev.mishap.proxy.filter.http.mishap;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.rules.RulePlaces;
import dev.mishap.proxy.rules.RuleStore;
import java.util.List;

/** {@code mishap.filters.http.fault}: the faults that Envoy's filter does not have. */
public final class HttpFaultExtension implements HttpFilterExtension {
    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = HttpFaultConfig.FIELDS;

    @Override
    public String name() {
        return "mishap.filters.http.fault";
    }

    @Override
    public String typeUrl() {
        return HttpFaultConfig.MESSAGE;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        RulePlaces places = context.service(RuleStore.class).places();
        String site = "filter '" + filterName + "' of listener '" + context.listenerName() + "'";
        HttpFaultConfig parsed = HttpFaultConfig.from(config, rules -> places.replace(site, rules));
        Counter resets = context.scope().counter("mishap_fault.resets_injected");
        RandomSource random =
                RandomSource.seeded(context.randomSeed() ^ config.path().hashCode() * 0x9e3779b97f4a7c15L);
        HttpFaultFilter.Shared shared = new HttpFaultFilter.Shared(
                filterName,
                parsed,
                resets,
                random,
                context.service(RulesFilterStats.class),
                context.listenerName(),
                context.service(RuleStore.class).killSwitch());
        return new Factory(shared);
    }

    private record Factory(HttpFaultFilter.Shared shared) implements HttpFilterFactory {
        @Override
        public HttpFilter create() {
            return new HttpFaultFilter(shared);
        }

        @Override
        public void enter() {
            shared.config().enter();
        }

        @Override
        public void leave() {
            shared.config().leave();
        }
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        RulePlaces places = context.service(RuleStore.class).places();
        String site = "the routes of listener '" + context.listenerName() + "'";
        return HttpFaultConfig.from(config, rules -> places.share(site, rules));
    }
}
