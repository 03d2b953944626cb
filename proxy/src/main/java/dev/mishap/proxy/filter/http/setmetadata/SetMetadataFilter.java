package dev.mishap.proxy.filter.http.setmetadata;

import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;

/** Sets what the filter's own configuration says, then what the route says. */
final class SetMetadataFilter implements HttpFilter {
    private final String name;
    private final MetadataUpdates own;

    SetMetadataFilter(String name, MetadataUpdates own) {
        this.name = name;
        this.own = own;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        own.apply(stream.info());
        if (stream.perFilterConfig(name) instanceof MetadataUpdates route) {
            route.apply(stream.info());
        }
        return Flow.CONTINUE;
    }
}
