package dev.mishap.proxy.log;

import org.jspecify.annotations.Nullable;
import org.slf4j.Marker;
import org.slf4j.event.Level;
import org.slf4j.helpers.LegacyAbstractLogger;
import org.slf4j.helpers.MessageFormatter;

/** A logger of one of the components; its level is the component's, which can change at any time. */
final class ComponentLogger extends LegacyAbstractLogger {
    private static final long serialVersionUID = 1L;

    private final transient Logging.Component component;

    ComponentLogger(String name) {
        this.name = name;
        this.component = Logging.componentOf(name);
    }

    @Override
    protected String getFullyQualifiedCallerName() {
        return ComponentLogger.class.getName();
    }

    @Override
    protected void handleNormalizedLoggingCall(
            Level level,
            @Nullable Marker marker,
            String pattern,
            Object @Nullable [] arguments,
            @Nullable Throwable throwable) {
        String message = arguments == null ? pattern : MessageFormatter.basicArrayFormat(pattern, arguments);
        Logging.write(component, LogLevel.of(level), message, throwable);
    }

    private boolean enabled(LogLevel level) {
        return component.level().compareTo(level) <= 0;
    }

    @Override
    public boolean isTraceEnabled() {
        return enabled(LogLevel.TRACE);
    }

    @Override
    public boolean isDebugEnabled() {
        return enabled(LogLevel.DEBUG);
    }

    @Override
    public boolean isInfoEnabled() {
        return enabled(LogLevel.INFO);
    }

    @Override
    public boolean isWarnEnabled() {
        return enabled(LogLevel.WARNING);
    }

    @Override
    public boolean isErrorEnabled() {
        return enabled(LogLevel.ERROR);
    }
}
