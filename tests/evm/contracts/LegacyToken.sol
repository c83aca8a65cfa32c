// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// A token as USDT is on Ethereum: `transfer` and `transferFrom` return nothing, and its owner may charge a fee, which
/// the recipient of a transfer bears.
contract LegacyToken {
    uint256 private constant BASIS_POINTS = 10_000;

    address private immutable owner;
    uint256 public immutable decimals;
    uint256 public totalSupply;
    uint256 public basisPointsRate;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);

    constructor(uint256 places, uint256 supply) {
        owner = msg.sender;
        decimals = places;
        totalSupply = supply;
        balanceOf[msg.sender] = supply;
    }

    function setRate(uint256 basisPoints) external {
        require(msg.sender == owner, "not the owner");
        basisPointsRate = basisPoints;
    }

    function approve(address spender, uint256 value) external {
        allowance[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
    }

    function transfer(address to, uint256 value) external {
        move(msg.sender, to, value);
    }

    function transferFrom(address from, address to, uint256 value) external {
        allowance[from][msg.sender] -= value;
        move(from, to, value);
    }

    function move(address from, address to, uint256 value) private {
        uint256 fee = (value * basisPointsRate) / BASIS_POINTS;
        balanceOf[from] -= value;
        balanceOf[to] += value - fee;
        emit Transfer(from, to, value - fee);
        if (fee > 0) {
            balanceOf[owner] += fee;
            emit Transfer(from, owner, fee);
        }
    }
}
