// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

interface LegacyTransfers {
    function transferFrom(address from, address to, uint256 value) external;
}

/// Pays several recipients in one transaction, as exchanges do with the withdrawals of their customers.
contract BatchPayer {
    function pay(LegacyTransfers token, address[] calldata recipients, uint256[] calldata values) external {
        for (uint256 i = 0; i < recipients.length; i++) {
            token.transferFrom(msg.sender, recipients[i], values[i]);
        }
    }
}
