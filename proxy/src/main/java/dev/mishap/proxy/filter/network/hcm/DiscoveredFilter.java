package dev.mishap.proxy.filter.network.hcm;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.xds.DiscoveredExtension;
import dev.mishap.proxy.xds.Lifecycle;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One place in a filter chain whose configuration is discovered. A stream takes the configuration of the moment when it begins,
 * by one volatile read.
 */
final class DiscoveredFilter implements HttpFilterFactory, DiscoveredExtension {
    private static final HttpFilter MISSING = new HttpFilter() {
        @Override
        public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
            stream.info().addFlag(ResponseFlag.NO_FILTER_CONFIG_FOUND);
            stream.sendLocalReply(LocalReply.of(500, "", ""));
            return Flow.PAUSE;
        }
    };

    private final String name;
    private final HttpFilterChain.Place place;
    private final Set<String> types = new HashSet<>();
    private final FilterContext context;
    private final @Nullable HttpFilterFactory byDefault;
    private volatile @Nullable HttpFilterFactory now;

    /** @param discovery {@code envoy.config.core.v3.ExtensionConfigSource} */
    DiscoveredFilter(String name, ConfigNode discovery, HttpFilterChain.Place place, FilterContext context) {
        this.name = name;
        this.place = place;
        this.context = context;
        for (String url : discovery.strings("type_urls")) {
            String type = url.substring(url.lastIndexOf('/') + 1);
            types.add(type);
            HttpFilterExtension extension = HttpFilters.byType(type);
            if (extension == null) {
                throw new ConfigException("Error: no filter factory found for a required type URL " + type + ".");
            }
            place.require(name, extension);
        }
        ConfigNode config = discovery.message("default_config");
        byDefault = config == null ? null : parse(config);
        if (discovery.bool("apply_default_config_without_warming", false)) {
            if (byDefault == null) {
                throw new ConfigException(
                        "Error: filter config " + name + " applied without warming but has no default config.");
            }
            put(byDefault);
        }
        context.service(Lifecycle.class).onEnd(() -> put(null));
    }

    private void put(@Nullable HttpFilterFactory next) {
        HttpFilterFactory before = now;
        if (next != null) {
            next.enter();
        }
        now = next;
        if (before != null) {
            before.leave();
        }
    }

    private HttpFilterFactory parse(ConfigNode config) {
        String type = config.messageName();
        if (!types.contains(type)) {
            throw new ConfigException(
                    "Error: filter config has type URL " + type + " but expect " + String.join(", ", types) + ".");
        }
        HttpFilterExtension extension = HttpFilters.byType(type);
        if (extension == null) {
            throw HttpFilterChain.unregistered(name, type);
        }
        place.require(name, extension);
        return extension.parse(name, config, context);
    }

    @Override
    public Runnable prepare(ConfigNode config) {
        HttpFilterFactory parsed = parse(config);
        return () -> put(parsed);
    }

    @Override
    public void absent() {
        put(byDefault);
    }

    @Override
    public void absentAtFirst() {
        if (now == null) {
            put(byDefault);
        }
    }

    @Override
    public HttpFilter create() {
        HttpFilterFactory factory = now;
        return factory == null ? MISSING : factory.create();
    }
}
