package dev.mishap.proxy.filter.http.setfilterstate;

import dev.mishap.proxy.filter.common.filterstate.FilterStateUpdates;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import java.util.List;

/** Sets what the filter's own configuration says, then what the levels of the route say, the most specific last. */
final class SetFilterStateFilter implements HttpFilter {
    private final String name;
    private final FilterStateUpdates own;

    SetFilterStateFilter(String name, FilterStateUpdates own) {
        this.name = name;
        this.own = own;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        own.apply(stream.info(), headers);
        List<Object> levels = stream.perFilterConfigs(name);
        for (int i = levels.size() - 1; i >= 0; i--) {
            if (levels.get(i) instanceof FilterStateUpdates updates) {
                updates.apply(stream.info(), headers);
            }
        }
        return Flow.CONTINUE;
    }
}
