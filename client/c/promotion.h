// The result of a takeover, as a handle.
#ifndef CLIENT_C_PROMOTION_H_
#define CLIENT_C_PROMOTION_H_

#include <memory>

#include "client/c/handles.h"

namespace ringjournal::client::c {

// `writer`: the handle that the writer of the promotion is to have.
std::unique_ptr<rj_promotion> NewPromotion(Promotion promotion,
                                           std::unique_ptr<rj_active_writer> writer);

}  // namespace ringjournal::client::c

#endif  // CLIENT_C_PROMOTION_H_
