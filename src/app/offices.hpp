// One office that is several: whoever tells it cannot tell the difference.
#pragma once

#include "falconer/messages.hpp"

#include <vector>

namespace falconer::app {

/// Lifetime: those who are named outlive their being named here.
template <class Office, class Message>
class all_offices final : public Office {
public:
    void add(Office* one) {
        if (one != nullptr) all_.push_back(one);
    }
    void remove(const Office* one) {
        std::erase_if(all_, [one](const Office* each) { return each == one; });
    }
    bool empty() const noexcept { return all_.empty(); }

    void tell(const cluster_identity& to, const Message& what) override {
        for (auto* each : all_) each->tell(to, what);
    }

private:
    std::vector<Office*> all_{};
};

using post_offices  = all_offices<post_office, cluster_message>;
using shoot_offices = all_offices<shoot_office, shoot_message>;

}  // namespace falconer::app
