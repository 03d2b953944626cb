package dev.mishap.proxy.filter.http.setfilterstate;

import dev.mishap.proxy.filter.common.filterstate.FilterStateUpdates;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import java.util.List;

/** Sets what the filter's own configuration says, then what the levels of the route say, the most specific last. */
final class SetFilterStateFilter implements HttpFilter {
    /**
     * What one level sets.
     *
     * @param clearsRoute whether the route is looked up anew after that
     */
    record Updates(FilterStateUpdates state, boolean clearsRoute) {
        void apply(HttpStream stream, HeaderMap headers) {
            state.apply(stream.info(), headers);
            if (clearsRoute) {
                stream.clearRouteCache();
            }
        }
    }

    private final String name;
    private final Updates own;

    SetFilterStateFilter(String name, Updates own) {
        this.name = name;
        this.own = own;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        List<Object> levels = stream.perFilterConfigs(name);
        own.apply(stream, headers);
        for (int i = levels.size() - 1; i >= 0; i--) {
            if (levels.get(i) instanceof Updates updates) {
                updates.apply(stream, headers);
            }
        }
        return Flow.CONTINUE;
    }
}
