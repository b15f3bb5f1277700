// Where alerts that are not made of events are put: they go through the same grouping, silences and
// channels.
#pragma once

#include "falconer/alerts/notification.hpp"

#include <vector>

namespace falconer::alerts {

/// How an alert stands, by somebody who looks at things again and again.
struct alert_standing {
    uuid                    rule{};
    label_set               labels{};  // with the rule they say which alert it is
    std::string             summary{};
    utc_time                since{};
    std::optional<utc_time> ended{};
    cluster_name            cluster{};  // that it is about; its rule's filter has found it
};

/// Threading: the loop thread.
class alert_intake {
public:
    virtual ~alert_intake() = default;

    /// Whether this process evaluates: only then it takes anything.
    virtual bool takes() const noexcept = 0;

    /// Alerts as they stand: new ones begin, ended ones end; told twice is told once. Those of the
    /// rule that are not said stay as they are. They are put down with the next round: who looks
    /// again and again says what still stands each time, and nothing is lost with a process.
    /// False: it does not take anything.
    virtual bool stand(std::vector<alert_standing> these) = 0;
};

}  // namespace falconer::alerts
