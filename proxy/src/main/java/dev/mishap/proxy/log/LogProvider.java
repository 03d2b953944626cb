package dev.mishap.proxy.log;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.ILoggerFactory;
import org.slf4j.IMarkerFactory;
import org.slf4j.Logger;
import org.slf4j.helpers.BasicMarkerFactory;
import org.slf4j.helpers.NOPMDCAdapter;
import org.slf4j.spi.MDCAdapter;
import org.slf4j.spi.SLF4JServiceProvider;

/** What SLF4J finds by META-INF/services. Small, because a sidecar's start pays for every class. */
public final class LogProvider implements SLF4JServiceProvider {
    private final ConcurrentMap<String, Logger> loggers = new ConcurrentHashMap<>();
    private final ILoggerFactory factory = this::logger;
    private @Nullable IMarkerFactory markers;
    private @Nullable MDCAdapter mdc;

    private Logger logger(String name) {
        Logger known = loggers.get(name);
        return known != null ? known : loggers.computeIfAbsent(name, ComponentLogger::new);
    }

    @Override
    public ILoggerFactory getLoggerFactory() {
        return factory;
    }

    @Override
    public synchronized IMarkerFactory getMarkerFactory() {
        IMarkerFactory m = markers;
        if (m == null) {
            m = new BasicMarkerFactory();
            markers = m;
        }
        return m;
    }

    @Override
    public synchronized MDCAdapter getMDCAdapter() {
        MDCAdapter m = mdc;
        if (m == null) {
            m = new NOPMDCAdapter();
            mdc = m;
        }
        return m;
    }

    @Override
    public String getRequestedApiVersion() {
        return "2.0.99";
    }

    @Override
    public void initialize() {
        // everything is made when it is asked for
    }
}
