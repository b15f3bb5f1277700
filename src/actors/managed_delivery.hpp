// Objects handed to the resource manager: their Secrets, then the ManagedResource.
#pragma once

#include "falconer/falco/managed_resource.hpp"
#include "falconer/ports/kube_api.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace falconer::actors {

/// `was`: the ManagedResource as it stands there, or null. `parts`: what others had compressed. How
/// much was written: nothing, where all is as it should be. Cancel: half of it may have been
/// written; the next call goes on from there.
task<result<std::size_t>> deliver(
    kube_api& api, falco::managed_resource_name to, const std::vector<value>& items,
    const value& was, std::shared_ptr<falco::compressed_parts> parts
);

/// Takes it away, without waiting for its end. How much was written.
task<result<std::size_t>> withdraw(kube_api& api, const value& was);

}  // namespace falconer::actors
